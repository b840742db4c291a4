//! What is said of this paper: which text was read, what judges each of its numbers, and the rulings on what is wrong in it.

pub mod index;
pub mod rulings;

/// Which text was read, for the head of every page.
pub const TEXT: &str = "The text is HAL hal-04143024 v1 of 27 June 2023, as extracted from its PDF (single glyphs can be wrong). Its \
    cover names a v2 of 16 November 2023, and the proceedings' version has another title (*Polynomially over-parameterized \
    convolutional neural networks contain structured strong winning lottery tickets*); neither was compared.";
