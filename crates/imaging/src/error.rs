//! What can go wrong with an image, in words that name the cause.
