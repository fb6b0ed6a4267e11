//! The program from outside: real processes, real sockets, real files.

mod attempts;
mod help;
mod original;
mod process;
mod start;
mod stop;
