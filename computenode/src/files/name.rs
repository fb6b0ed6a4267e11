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

/// Makes one path component of any text, differently for different texts: ASCII letters, digits, `-` and `_` stay,
/// other bytes become `%` and two hexadecimal digits; what gets longer than 100 bytes ends in a hash instead.
pub(crate) fn encode_component(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    if encoded.is_empty() {
        return "%".to_owned();
    }
    if encoded.len() > 100 {
        encoded.truncate(80);
        encoded.push_str(&format!("%-{:016x}", fnv1a(text.as_bytes())));
    }
    encoded
}

/// The 64-bit FNV-1a hash: the same on every platform and in every version, unlike the standard library's hasher.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xCBF2_9CE4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
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

    #[test]
    fn components_are_readable_where_they_can_be() {
        assert_eq!(encode_component("job-7_a"), "job-7_a");
        assert_eq!(encode_component("../a b"), "%2E%2E%2Fa%20b");
        assert_eq!(encode_component(""), "%");
    }

    proptest! {
        #[test]
        fn a_component_is_one_harmless_component(text in any::<String>()) {
            let encoded = encode_component(&text);
            prop_assert!(!encoded.is_empty() && encoded.len() <= 100);
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_%".contains(&byte)));
        }

        #[test]
        fn different_texts_get_different_components(one in ".{0,60}", other in ".{0,60}") {
            prop_assert_eq!(one == other, encode_component(&one) == encode_component(&other));
        }

        #[test]
        fn what_is_taken_has_only_ordinary_components(name in "[a./\n ]{0,12}") {
            use std::path::{Component, Path};
            if check_file_name(&name).is_ok() {
                prop_assert!(Path::new(&name).components().all(|part| matches!(part, Component::Normal(_))));
            }
        }
    }
}
