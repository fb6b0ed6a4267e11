//! Names of files that strangers choose, made harmless.

/// Bytes that a name may have; file systems take 255.
const MOST_BYTES: usize = 180;

/// A name that is safe on every file system and in every terminal, as like the given one as possible, with `ending` as
/// its ending unless it has one of `endings` already.
pub(super) fn clean(given: &str, ending: &str, endings: &[&str]) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let harmless = |c: char| if c.is_alphanumeric() || "._-+() ".contains(c) { c } else { '_' };
    let name: String = last.chars().map(harmless).collect();
    // A leading dot would hide it, a leading dash would be an option to some program.
    let name = name.trim_matches([' ', '.']).trim_start_matches('-');
    let (stem, has) = match name.rsplit_once('.') {
        Some((stem, had)) if endings.iter().any(|known| known.eq_ignore_ascii_case(had)) => (stem, had),
        _ => (name, ending),
    };
    let stem = if stem.is_empty() { "image" } else { stem };
    let mut cut = stem.len().min(MOST_BYTES);
    while !stem.is_char_boundary(cut) {
        cut -= 1;
    }
    format!("{}.{has}", &stem[..cut])
}

/// The name with a number, for when it is taken.
pub(super) fn numbered(name: &str, number: usize) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}-{number}.{ending}"),
        None => format!("{name}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDINGS: &[&str] = &["jpg", "jpeg", "png"];

    fn of(given: &str) -> String {
        clean(given, "png", ENDINGS)
    }

    #[test]
    fn ordinary_names_stay() {
        for name in ["a.png", "Holiday in Oslo (3).JPG", "ünïcode-写真.jpeg", "v1.2.png"] {
            assert_eq!(of(name), name);
        }
    }

    #[test]
    fn names_lead_nowhere() {
        assert_eq!(of("../../etc/passwd"), "passwd.png");
        assert_eq!(of(r"C:\boot.ini"), "boot.ini.png");
        assert_eq!(of("..\\..\\x.png"), "x.png");
        assert_eq!(of(".hidden.png"), "hidden.png");
        assert_eq!(of("-rf.png"), "rf.png");
        assert_eq!(of(""), "image.png");
        assert_eq!(of("a\nb\0c<script>.png"), "a_b_c_script_.png");
        assert_eq!(of("archive.exe"), "archive.exe.png");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let cut = of(&"é".repeat(500));
        assert!(cut.len() <= MOST_BYTES + 4 && cut.ends_with(".png"), "{cut}");
        assert_eq!(numbered("a.b.png", 2), "a.b-2.png");
    }
}
