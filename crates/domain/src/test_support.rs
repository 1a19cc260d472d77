//! Mocks, fixtures and the contract suite.
