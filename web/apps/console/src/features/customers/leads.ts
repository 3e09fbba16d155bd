import { may } from "../../session";

/** Whether one may follow leads up: by a right of its own, or with all customers. */
export const mayLead = (): boolean => may("lead_serve") || may("customer_write");
export const maySeeLeads = (): boolean => may("lead_serve") || may("customer_read");
export const LEVELS = ["high", "middle", "low"] as const;
export const VALIDITIES = ["open", "valid", "invalid"] as const;
