//! What the processor offers, asked once and then carried as a value.

/// The instruction set that a kernel may use.
///
/// A `Level` above [`Level::SCALAR`] can only be made by asking the processor, so holding one is the proof that its
/// instructions exist here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// Ordinary Rust without intrinsics; exists everywhere.
    pub const SCALAR: Level = Level(Kind::Scalar);

    /// The widest level of this processor.
    pub fn detect() -> Level {
        #[cfg(target_arch = "x86_64")]
        {
            if has_avx2() {
                return Level(if has_avx512() { Kind::Avx512 } else { Kind::Avx2 });
            }
        }
        Level::SCALAR
    }

    /// Every level that this processor has, narrowest first: what a test runs a kernel on.
    pub fn available() -> Vec<Level> {
        let widest = Level::detect();
        let all = [
            Level::SCALAR,
            #[cfg(target_arch = "x86_64")]
            Level(Kind::Avx2),
            #[cfg(target_arch = "x86_64")]
            Level(Kind::Avx512),
        ];
        all.into_iter().filter(|level| *level <= widest).collect()
    }

    /// Whether AVX2, BMI1, BMI2, LZCNT, POPCNT and FMA may be used.
    pub fn avx2(self) -> bool {
        self > Level::SCALAR
    }

    /// Whether, beyond [`avx2`](Self::avx2), AVX-512 F, BW, CD, DQ, VL, VBMI, VBMI2 and VNNI may be used.
    pub fn avx512(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            self.0 == Kind::Avx512
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            false
        }
    }

    /// The name for reports: `scalar`, `avx2` or `avx512`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
        }
    }
}

impl Default for Level {
    fn default() -> Self {
        Level::detect()
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("fma")
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("avx512vnni")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalar_is_always_there_and_comes_first() {
        assert_eq!(Level::available().first(), Some(&Level::SCALAR));
        assert_eq!(Level::available().last(), Some(&Level::detect()));
    }

    #[test]
    fn a_wider_level_has_what_a_narrower_one_has() {
        for level in Level::available() {
            assert!(!level.avx512() || level.avx2(), "{}", level.name());
        }
    }
}
