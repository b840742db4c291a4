pub mod quadrature;
