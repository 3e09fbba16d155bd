import type { Persona } from "../../wire";
import { token } from "../chat";
import { fileUrl } from "../core/http";
import { initials } from "../core/text";
import { Icon } from "./Icon";

/** Who speaks: a picture, else the name's letters, else the bot's mark. */
export function Face({ of, bot = false }: { of: Persona; bot?: boolean }) {
  if (of.avatar && token.value) return <img class="face" src={fileUrl(of.avatar, token.value)} alt="" loading="lazy" />;
  return (
    <span class={bot ? "face machine" : "face"} aria-hidden="true">
      {bot ? <Icon name="bot" size={18} /> : initials(of.name)}
    </span>
  );
}
