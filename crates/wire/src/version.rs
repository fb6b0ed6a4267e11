//! Whether two builds understand each other: by the first number of the interface's version.

/// Whether a peer that speaks `theirs` is understood by who speaks `ours`; versions are those of SemVer, in which only
/// the first number stands for what breaks. If not, why.
pub(crate) fn check(theirs: &str, ours: &str) -> Result<(), String> {
    let first = |version: &str| version.split('.').next().map(str::to_owned);
    if first(theirs) == first(ours) {
        return Ok(());
    }
    Err(format!("it speaks {theirs} and this program {ours}: run programs of one version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_number_breaks() {
        assert_eq!(check("1.0.0", "1.7.3"), Ok(()));
        assert_eq!(check("1.12.0", "1.7.3"), Ok(()));
        let why = check("2.0.0", "1.7.3").unwrap_err();
        assert_eq!(why, "it speaks 2.0.0 and this program 1.7.3: run programs of one version");
        assert!(check("", "1.7.3").is_err());
        assert!(check("10.0.0", "1.0.0").is_err());
    }
}
