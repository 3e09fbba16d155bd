import type { Action } from "@yingda/wire";
import type { Component } from "vue";
import { defineAsyncComponent } from "vue";
import { channel } from "./channels/record";
import type { KindSpec } from "./describe";
import { form, reply, tag } from "./kinds/content";
import { role, team, user } from "./kinds/people";
import { calendar, line, queue, skill } from "./kinds/routing";
import { survey } from "./kinds/surveys";
import { ticketType } from "./kinds/tickets";
import { flow } from "./flows/record";
import { rule } from "./rules/record";
import { segment } from "./rules/segment";
import { ban, invitation, settings, webhook, widget } from "./kinds/site";

export interface Section {
  key: string;
  needs: Action[];
  /** What is edited there; a page of its own where nothing is. */
  spec: KindSpec | null;
  page?: Component;
}
const of = (spec: KindSpec): Section => ({ key: spec.kind, needs: spec.needs, spec });
const keys: Section = { key: "keys", needs: ["manage_integrations"], spec: null, page: defineAsyncComponent(() => import("./KeysPage.vue")) };
const gateway: Section = { key: "gateway", needs: ["manage_integrations"], spec: null, page: defineAsyncComponent(() => import("./channels/GatewayPage.vue")) };
const batches: Section = { key: "batches", needs: ["manage_integrations"], spec: null, page: defineAsyncComponent(() => import("../outreach/BatchesPage.vue")) };
const packs: Section = { key: "packs", needs: ["manage_tickets"], spec: null, page: defineAsyncComponent(() => import("./PacksPage.vue")) };

export const SECTIONS: { key: string; sections: Section[] }[] = [
  { key: "people", sections: [of(user), of(role), of(team)] },
  { key: "routing", sections: [of(queue), of(skill), of(line), of(calendar), of(flow)] },
  { key: "content", sections: [of(reply), of(tag), of(segment), of(form), of(survey)] },
  { key: "tickets", sections: [of(ticketType), of(rule)] },
  { key: "web", sections: [of(widget), of(invitation)] },
  { key: "outside", sections: [of(channel), gateway, batches, of(webhook), keys] },
  { key: "site", sections: [of(settings), packs, of(ban)] },
];
