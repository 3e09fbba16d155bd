import { Tickets } from "@element-plus/icons-vue";
import type { Feature } from "../../feature";
import { openNew } from "./opening";

export const feature: Feature = {
  path: "tickets",
  tail: "/:id?",
  label: "tickets.title",
  icon: Tickets,
  order: 35,
  needs: ["ticket_read"],
  page: () => import("./TicketsPage.vue"),
  commands: [{ key: "new-ticket", label: "tickets.new", needs: ["ticket_write"], run: () => openNew() }],
  overlay: () => import("./NewTicketHost.vue").then((it) => it.default),
};
