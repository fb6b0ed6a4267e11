//! Names that nodes and servers must make alike: any text as one component of a path.

/// Makes one path component of any text, differently for different texts: ASCII letters, digits, `-` and `_` stay,
/// other bytes become `%` and two hexadecimal digits; what gets longer than 100 bytes ends in a hash instead.
pub fn encode_component(text: &str) -> String {
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
    }
}
