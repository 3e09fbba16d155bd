import { kindSpec, nothing } from "../describe";
import { NAME } from "./shared";

export const MASKS = ["phone", "email", "address", "ip", "sensitive"] as const;

export const user = kindSpec({
  kind: "user",
  needs: ["manage_users"],
  groups: [
    {
      key: "person",
      fields: [
        { key: "name", as: "line" },
        { key: "login", as: "line" },
        { key: "staff_no", as: "line" },
        { key: "nickname", as: "line" },
        { key: "email", as: "line" },
        { key: "disabled", as: "switch" },
      ],
    },
    {
      key: "rights",
      fields: [
        { key: "roles", as: "refs", kind: "role" },
        { key: "team", as: "ref", kind: "team", maybe: true },
      ],
    },
    {
      key: "work",
      fields: [
        {
          key: "skills", as: "list", scope: "skillLevel", full: true, blank: () => ({ skill: "", level: 3 }),
          fields: () => [
            { key: "skill", as: "ref", kind: "skill" },
            { key: "level", as: "number", min: 1, max: 5 },
          ],
        },
        { key: "limits", as: "own", part: "limits", full: true },
        { key: "auto_accept", as: "either", words: "autoAccept" },
      ],
    },
  ],
  blank: () => ({ kind: "user", login: "", name: "", staff_no: "", nickname: "", avatar: null, email: "", roles: [], team: null, skills: [], limits: {}, auto_accept: null, disabled: false }),
  name: (it) => it.name || it.login,
  facts: (it, told) => [
    it.login,
    it.roles.map((role) => told.name("role", role)).join(told.t("admin.comma")),
    told.name("team", it.team),
    it.disabled ? told.t("admin.disabled") : "",
  ],
});

export const role = kindSpec({
  kind: "role",
  needs: ["manage_roles"],
  groups: [
    { key: "role", fields: [NAME, { key: "code", as: "line" }, { key: "masks", as: "choices", of: MASKS, words: "mask" }] },
    { key: "grants", fields: [{ key: "grants", as: "own", part: "grants", full: true }] },
  ],
  blank: () => ({ kind: "role", name: nothing(), code: "", grants: [], masks: [] }),
  name: (it) => it.name,
  facts: (it, told) => [it.code, told.t("admin.grantCount", { count: it.grants.length }), it.masks.map((mask) => told.t(`admin.value.mask.${mask}`)).join(told.t("admin.comma"))],
});

export const team = kindSpec({
  kind: "team",
  needs: ["manage_users"],
  groups: [
    {
      key: "team",
      fields: [NAME, { key: "parent", as: "ref", kind: "team", maybe: true }, { key: "leader", as: "ref", kind: "user", maybe: true }, { key: "break_quota", as: "number", min: 0, max: 10_000, maybe: true }],
    },
  ],
  blank: () => ({ kind: "team", name: nothing(), parent: null, leader: null, break_quota: null }),
  name: (it) => it.name,
  facts: (it, told) => [told.name("team", it.parent), told.name("user", it.leader)],
});
