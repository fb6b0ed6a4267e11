//! x
mod fence; mod files; mod gate; mod trouble;
