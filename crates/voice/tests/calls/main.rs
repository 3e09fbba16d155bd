//! Calls with real telephones and the test program of the trade, over real sockets. SYS-01a, SYS-05, SYS-06, SP-06,
//! SP-07: the crate's part of each.

mod house;
mod load;
mod register;
mod talk;
mod torture;
