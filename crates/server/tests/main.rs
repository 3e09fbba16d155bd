//! Tests against the real server, in one program: what they share is compiled and linked once.

mod access;
mod audit;
mod chat;
mod client;
mod command_line;
mod contract;
mod customers;
mod demo;
mod files;
mod floor;
mod follow_ups;
mod front;
mod line;
mod office;
mod oidc;
mod openapi;
mod records;
mod repetition;
mod reports;
mod session;
mod support;
mod tls;
mod visitor_history;
mod visitor_pages;
mod webhooks;
mod widget;
