//! Ctrl-C and SIGTERM as a question that loops can ask.

use signal_hook::consts::{SIGINT, SIGTERM};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether the user wants an end. The second signal ends the process at once; its children see that by their tethers.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Listens from now on.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn listen() -> io::Result<Interrupt> {
        let interrupt = Interrupt::default();
        for signal in [SIGINT, SIGTERM] {
            let seen = Arc::new(AtomicBool::new(false));
            // The order matters: the first signal finds `seen` unset and only then sets it.
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&seen))?;
            signal_hook::flag::register(signal, seen)?;
            let number = usize::try_from(signal).unwrap_or_default();
            signal_hook::flag::register_usize(signal, Arc::clone(&interrupt.signal), number)?;
        }
        Ok(interrupt)
    }

    /// The exit status that the signal asks for (130 for Ctrl-C, 143 for SIGTERM), if there was one.
    pub fn asked(&self) -> Option<u8> {
        let signal = self.signal.load(Ordering::Relaxed);
        if signal == 0 { None } else { u8::try_from(128 + signal).ok() }
    }
}
