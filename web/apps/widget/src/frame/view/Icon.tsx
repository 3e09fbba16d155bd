// Line icons on a 24 px grid. They are decoration: the button around them carries the name.

const paths = {
  send: "M4 12l16-8-6 16-3-7z M11 13l9-9",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M8.5 14.5a4.5 4.5 0 0 0 7 0 M9 9.5h.01 M15 9.5h.01",
  clip: "M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.8-7.8",
  camera: "M4 8h3l2-3h6l2 3h3v11H4z M12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
  more: "M5 12h.01 M12 12h.01 M19 12h.01",
  down: "M6 9.5l6 6 6-6",
  back: "M14.5 6l-6 6 6 6",
  close: "M6 6l12 12 M18 6L6 18",
  file: "M6 3h8l4 4v14H6z M14 3v4h4",
  bot: "M6 9h12v9H6z M12 9V5 M9.5 13h.01 M14.5 13h.01 M3.5 12v3 M20.5 12v3",
  globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M3 12h18 M12 3c3 3 3.5 6 3.5 9s-.5 6-3.5 9c-3-3-3.5-6-3.5-9s.5-6 3.5-9z",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15z M10.5 21h3",
  download: "M12 4v11 M7.5 11l4.5 4.5 4.5-4.5 M5 20h14",
  stop: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M9 9l6 6 M15 9l-6 6",
  check: "M5 12.5l4.5 4.5L19 7.5",
  star: "M12 3.6l2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.7-5.2 2.7 1-5.8L3.6 9.7l5.8-.8z",
} as const;

export function Icon({ name, size = 20 }: { name: keyof typeof paths; size?: number }) {
  return (
    <svg class={name === "more" ? "icon bold" : "icon"} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
