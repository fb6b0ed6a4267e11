//! Canny's hysteresis over parts: which weak components are edges because of what other parts see.
//!
//! Each part finds candidates and strong pixels in its own region, which overlaps its neighbours' by at least one pixel,
//! and floods there. What is still weak may touch a strong pixel elsewhere, but only by way of a pixel on the rim of some
//! part's region. So each part numbers its weak components that contain such pixels and tells pixel and number; equal
//! pixels of different parts join their components, and the components joined to a strong pixel are edges.
//!
//! Why that is enough: a component cut off by its part's region has a pixel on the region's rim; the part that owns this
//! pixel has all its neighbours in its region, tells the same pixel, and so goes on where the first had to stop.

use super::area::{Area, Size};
use super::bitmaps::Bitmaps;
use std::collections::{BTreeSet, HashMap};

/// Candidates of one part that lie on the rim of some part's region, in coordinates of the whole picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Borders {
    /// Column and row of those that are strong in this part already.
    pub strong: Vec<[u32; 2]>,
    /// Column, row and component of the others.
    pub weak: Vec<[u32; 3]>,
}

/// A weak component: the pixels of it in the part's region.
type Component = Vec<(usize, usize)>;

/// What a part tells of its flooded bitmaps, and its numbered components in coordinates of the bitmaps.
///
/// `bounds` is where the bitmaps lie in the whole picture; `regions` are those of all parts, its own at `own`. Bits
/// outside the own region must be 0.
pub(crate) fn survey(
    maps: &Bitmaps,
    bounds: Area,
    regions: &[Area],
    own: usize,
    picture: Size,
) -> (Borders, Vec<Component>) {
    let mut borders = Borders::default();
    let mut components: Vec<Component> = Vec::new();
    let mut numbers: HashMap<(usize, usize), u32> = HashMap::new();
    for (x, y) in rims(regions, regions[own], picture) {
        let (column, row) = (x - bounds.x, y - bounds.y);
        if maps.is_strong(column, row) {
            borders.strong.push([x as u32, y as u32]);
        } else if maps.is_candidate(column, row) {
            let number = *numbers.entry((column, row)).or_insert(components.len() as u32);
            if number as usize == components.len() {
                let component = maps.weak_component(column, row);
                component.iter().for_each(|pixel| {
                    numbers.insert(*pixel, number);
                });
                components.push(component);
            }
            borders.weak.push([x as u32, y as u32, number]);
        }
    }
    (borders, components)
}

/// The pixels of `within` that lie on the rim of a region, where that is not the border of the picture.
fn rims(regions: &[Area], within: Area, picture: Size) -> BTreeSet<(usize, usize)> {
    let mut pixels = BTreeSet::new();
    for region in regions.iter().filter(|region| !region.is_empty()) {
        let row = |y| Area { y, height: 1, ..*region };
        let column = |x| Area { x, width: 1, ..*region };
        let sides = [
            (region.y > 0, row(region.y)),
            (region.bottom() < picture.height, row(region.bottom() - 1)),
            (region.x > 0, column(region.x)),
            (region.right() < picture.width, column(region.right() - 1)),
        ];
        for side in sides.into_iter().filter(|(inner, _)| *inner).map(|(_, side)| side.shared(within)) {
            pixels.extend((side.y..side.bottom()).flat_map(|y| (side.x..side.right()).map(move |x| (x, y))));
        }
    }
    pixels
}

/// For each part, the components of its numbering that are joined to a strong pixel.
pub(crate) fn join(parts: &[Borders]) -> Vec<Vec<u32>> {
    // Node 0 stands for everything strong; each part's components follow those of the part before.
    let counts = parts.iter().map(|part| part.weak.iter().map(|w| w[2] as usize + 1).max().unwrap_or(0));
    // A component without a pixel cannot be told, so numbers cannot exceed the pixels told.
    let counts: Vec<usize> = counts.zip(parts).map(|(count, part)| count.min(part.weak.len())).collect();
    let firsts: Vec<usize> =
        counts.iter().scan(1, |next, count| Some(std::mem::replace(next, *next + count))).collect();
    let mut groups = Groups::new(1 + counts.iter().sum::<usize>());
    let mut nodes: HashMap<[u32; 2], usize> = HashMap::new();
    for pixel in parts.iter().flat_map(|part| &part.strong) {
        nodes.insert(*pixel, 0);
    }
    for (part, (first, count)) in parts.iter().zip(firsts.iter().zip(&counts)) {
        for [x, y, number] in part.weak.iter().filter(|w| (w[2] as usize) < *count) {
            let node = first + *number as usize;
            let met = *nodes.entry([*x, *y]).or_insert(node);
            groups.join(met, node);
        }
    }
    let strong = groups.leader(0);
    let mut kept = |(first, count): (&usize, &usize)| {
        (0..*count as u32).filter(|number| groups.leader(first + *number as usize) == strong).collect()
    };
    firsts.iter().zip(&counts).map(&mut kept).collect()
}

/// Disjoint sets of nodes (union-find with path halving).
struct Groups {
    above: Vec<usize>,
}

impl Groups {
    fn new(nodes: usize) -> Groups {
        Groups { above: (0..nodes).collect() }
    }

    fn leader(&mut self, mut node: usize) -> usize {
        while self.above[node] != node {
            self.above[node] = self.above[self.above[node]];
            node = self.above[node];
        }
        node
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.leader(a), self.leader(b));
        self.above[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_through_three_parts_is_followed_to_its_strong_end() {
        // Part 0 knows a weak component up to (4, 0); part 1 joins it to (9, 0); part 2 knows that to be strong.
        let parts = [
            Borders { strong: vec![], weak: vec![[4, 0, 0], [4, 5, 1]] },
            Borders { strong: vec![], weak: vec![[4, 0, 0], [9, 0, 0], [9, 5, 1]] },
            Borders { strong: vec![[9, 0]], weak: vec![[9, 5, 0]] },
        ];
        assert_eq!(join(&parts), [vec![0], vec![0], vec![]]);
    }
}
