import type { Action } from "@yingda/wire";
import type { KindSpec } from "./describe";
import { form, reply, tag } from "./kinds/content";
import { role, team, user } from "./kinds/people";
import { calendar, line, queue, skill } from "./kinds/routing";
import { ban, invitation, settings, webhook, widget } from "./kinds/site";

export interface Section {
  key: string;
  needs: Action[];
  /** What is edited there; `null` for the keys, which are made and revoked only. */
  spec: KindSpec | null;
}
const of = (spec: KindSpec): Section => ({ key: spec.kind, needs: spec.needs, spec });

export const SECTIONS: { key: string; sections: Section[] }[] = [
  { key: "people", sections: [of(user), of(role), of(team)] },
  { key: "routing", sections: [of(queue), of(skill), of(line), of(calendar)] },
  { key: "content", sections: [of(reply), of(tag), of(form)] },
  { key: "web", sections: [of(widget), of(invitation)] },
  { key: "outside", sections: [of(webhook), { key: "keys", needs: ["manage_integrations"], spec: null }] },
  { key: "site", sections: [of(settings), of(ban)] },
];
