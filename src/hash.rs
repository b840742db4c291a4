//! Hashes as text: designs, files and checkpoints are known by them.

use sha2::{Digest, Sha256};

/// Hexadecimal SHA-256.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
