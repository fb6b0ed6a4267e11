//! Bytes to pixels and back: format by content, limits from the header, OpenCV's pixels.
