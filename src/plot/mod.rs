//! Plots of records: measured values beside bounds, as SVG and PNG. Nothing here measures anything.

mod axis;
mod canvas;
mod figure;
mod legend;
mod marks;
mod panel;
mod raster;
mod selection;
mod text;

pub use figure::svg;
pub use raster::png;
