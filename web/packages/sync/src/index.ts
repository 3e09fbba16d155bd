export * from "./desk";
export * from "./link";
export * from "./outbox";
export * from "./thread";
export * from "./transport";
