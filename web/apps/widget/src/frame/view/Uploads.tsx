import { w } from "../chat";
import { dropUpload, uploadAgain, uploads } from "../sending";
import { Icon } from "./Icon";

/** Files under way, with how far they are. */
export function Uploads() {
  return (
    <>
      {uploads.value.map((one) => (
        <div key={one.key} class={one.error ? "upload bad" : "upload"}>
          <Icon name="file" size={24} />
          <div>
            <b>{one.name}</b>
            {one.error ? (
              <p role="alert">{one.error}</p>
            ) : (
              <progress value={one.share} max={1} aria-label={w.value.uploading.replace("@", one.name)} />
            )}
          </div>
          {one.again && (
            <button class="plain small" onClick={() => uploadAgain(one)}>
              {w.value.retry}
            </button>
          )}
          <button class="plain" aria-label={w.value.cancel} onClick={() => (one.error ? dropUpload(one.key) : one.abort())}>
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </>
  );
}
