export type * from "./ids";
export type * from "./live";
export type * from "./event";
export type * from "./act";
export * from "./records";
export type * from "./http";
export * from "./frame";
