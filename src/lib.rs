//! Voxtra: voice agents on a telephone line.
