//! Macros that put the forms of a kernel behind one function that picks by [`Level`](crate::Level).

/// Declares kernels whose wide form is the plain body, compiled a second time for AVX2.
///
/// The body in `scalar` must be `#[inline(always)]`, so that it takes on the features of the function around it.
macro_rules! compiled_twice {
    ($($(#[$meta:meta])* fn $name:ident($level:ident $(, $arg:ident: $ty:ty)* $(,)?) $(-> $ret:ty)?;)*) => { $(
        $(#[$meta])*
        pub fn $name($level: $crate::Level $(, $arg: $ty)*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
                fn wide($($arg: $ty),*) $(-> $ret)? {
                    scalar::$name($($arg),*)
                }
                if $level.avx2() {
                    // SAFETY: the level is the proof that the processor has the features.
                    return unsafe { wide($($arg),*) };
                }
            }
            let _ = $level;
            scalar::$name($($arg),*)
        }
    )* };
}

/// Declares kernels whose wide forms are the plain body, compiled again for AVX2 and for AVX-512.
///
/// The body in `scalar` must be `#[inline(always)]`, so that it takes on the features of the function around it.
macro_rules! compiled_for_each {
    ($($(#[$meta:meta])* fn $name:ident($level:ident $(, $arg:ident: $ty:ty)* $(,)?) $(-> $ret:ty)?;)*) => { $(
        $(#[$meta])*
        pub fn $name($level: $crate::Level $(, $arg: $ty)*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
                fn avx2($($arg: $ty),*) $(-> $ret)? {
                    scalar::$name($($arg),*)
                }
                #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,bmi1,bmi2,lzcnt,popcnt,fma")]
                fn avx512($($arg: $ty),*) $(-> $ret)? {
                    scalar::$name($($arg),*)
                }
                if $level.avx512() {
                    // SAFETY: the level is the proof that the processor has the features.
                    return unsafe { avx512($($arg),*) };
                }
                if $level.avx2() {
                    // SAFETY: the level is the proof that the processor has the features.
                    return unsafe { avx2($($arg),*) };
                }
            }
            let _ = $level;
            scalar::$name($($arg),*)
        }
    )* };
}

/// Declares kernels whose wide form is written by hand in `avx2`, under the same name and signature.
macro_rules! written_twice {
    ($($(#[$meta:meta])* fn $name:ident($level:ident $(, $arg:ident: $ty:ty)* $(,)?) $(-> $ret:ty)?;)*) => { $(
        $(#[$meta])*
        pub fn $name($level: $crate::Level $(, $arg: $ty)*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            if $level.avx2() {
                // SAFETY: the level is the proof that the processor has the features.
                return unsafe { avx2::$name($($arg),*) };
            }
            let _ = $level;
            scalar::$name($($arg),*)
        }
    )* };
}

/// Declares kernels that are written by hand in `avx2` and in `avx512`, under the same name and signature.
macro_rules! written_for_each {
    ($($(#[$meta:meta])* fn $name:ident($level:ident $(, $arg:ident: $ty:ty)* $(,)?) $(-> $ret:ty)?;)*) => { $(
        $(#[$meta])*
        pub fn $name($level: $crate::Level $(, $arg: $ty)*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                if $level.avx512() {
                    // SAFETY: the level is the proof that the processor has the features.
                    return unsafe { avx512::$name($($arg),*) };
                }
                if $level.avx2() {
                    // SAFETY: the level is the proof that the processor has the features.
                    return unsafe { avx2::$name($($arg),*) };
                }
            }
            let _ = $level;
            scalar::$name($($arg),*)
        }
    )* };
}

/// Declares kernels that are written by hand in `avx2` and in `sse2`, which every x86-64 processor has, under the same name
/// and signature. The plain twin is for other processors.
macro_rules! written_down_to_sse2 {
    ($($(#[$meta:meta])* fn $name:ident($level:ident $(, $arg:ident: $ty:ty)* $(,)?) $(-> $ret:ty)?;)*) => { $(
        $(#[$meta])*
        pub fn $name($level: $crate::Level $(, $arg: $ty)*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            if $level.avx2() {
                // SAFETY: the level is the proof that the processor has the features.
                unsafe { avx2::$name($($arg),*) }
            } else {
                // SAFETY: SSE2 is a part of x86-64, so every processor that runs this has it.
                unsafe { sse2::$name($($arg),*) }
            }
            #[cfg(not(target_arch = "x86_64"))]
            {
                let _ = $level;
                scalar::$name($($arg),*)
            }
        }
    )* };
}
