//! Convolutional networks without bias, as the paper assumes them: images, kernels, convolution, ReLU, masks, weights.

pub mod convolution;
pub mod images;
pub mod mask;
pub mod miniature;
pub mod network;
pub mod patch;
pub mod tensor;
pub mod weights;

pub use convolution::{convolve, convolve_transposed, output_side, unfold, window};
pub use images::{Comparison, Images};
pub use miniature::Miniature;
pub use network::{Layer, LayerShape, Network, Role, relu};
pub use patch::Patch;
pub use tensor::{Image, Kernel};
