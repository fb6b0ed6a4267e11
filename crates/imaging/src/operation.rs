//! The table of operations: name, parameters, function.
