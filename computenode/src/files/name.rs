//! What a file name from the wire may look like, told by its words alone.

/// Longest file name that is taken, in bytes, folders included.
const LONGEST_NAME: usize = 4_095;

/// Checks that `file_name` stays below the folder that it is relative to: `/` between folders, none of them empty,
/// `.` or `..`. Blanks, newlines, backslashes and any script of the world are legal.
///
/// # Errors
/// One sentence that names the fault.
pub(crate) fn check_file_name(file_name: &str) -> Result<(), String> {
    let fault = if file_name.is_empty() {
        "is empty"
    } else if file_name.len() > LONGEST_NAME {
        "is longer than 4095 bytes"
    } else if file_name.contains('\0') {
        "contains a NUL byte"
    } else if file_name.starts_with('/') {
        "is absolute"
    } else if file_name.split('/').any(|folder| folder == "..") {
        "climbs out of its folder"
    } else if file_name.split('/').any(|folder| folder.is_empty() || folder == ".") {
        "has an empty or '.' folder in it"
    } else {
        return Ok(());
    };
    let shown: String = file_name.chars().take(120).collect();
    Err(format!("{shown:?} {fault}: give a name relative to input_dir, such as \"holiday/cat.png\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odd_but_legal_names_are_taken() {
        let longest = "x".repeat(255);
        let legal = [
            "cat.png",
            "a b.png",
            "new\nline.png",
            "Größe/猫.jpg",
            "-rf",
            "..cat",
            "a/b/c.png",
            "back\\slash",
            &longest,
        ];
        for name in legal {
            assert_eq!(check_file_name(name), Ok(()), "{name:?}");
        }
    }

    #[test]
    fn names_that_leave_their_folder_are_refused_with_the_reason() {
        let cases = [
            ("", "is empty"),
            ("/etc/passwd", "is absolute"),
            ("../secret", "climbs out"),
            ("a/../../b", "climbs out"),
            ("a/..", "climbs out"),
            ("a//b", "empty or '.'"),
            ("a/", "empty or '.'"),
            ("./a", "empty or '.'"),
            ("a\0b", "NUL"),
        ];
        for (name, reason) in cases {
            let why = check_file_name(name).unwrap_err();
            assert!(why.contains(reason), "{why}");
        }
        assert!(check_file_name(&"x/".repeat(3_000)).unwrap_err().contains("longer than"));
    }

    proptest! {
        #[test]
        fn what_is_taken_has_only_ordinary_components(name in "[a./\n ]{0,12}") {
            use std::path::{Component, Path};
            if check_file_name(&name).is_ok() {
                prop_assert!(Path::new(&name).components().all(|part| matches!(part, Component::Normal(_))));
            }
        }
    }
}
