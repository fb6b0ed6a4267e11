//! Nodes in the order in which people number them: `node2` before `node10`.

/// What a node's name is sorted by: the number in it, then the name.
pub fn node_order(name: &str) -> (u64, String) {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(u64::MAX), name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_and_not_digits() {
        let mut names = ["node10", "node2", "lonely", "node1"];
        names.sort_by_key(|name| node_order(name));
        assert_eq!(names, ["node1", "node2", "node10", "lonely"]);
    }
}
