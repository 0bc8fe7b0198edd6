/** A form is sent once, however often its button is pressed. */

const GIVE_UP = 15_000;

function release(form: HTMLFormElement): void {
  delete form.dataset["sending"];
  for (const button of form.querySelectorAll('[aria-busy="true"]')) button.removeAttribute("aria-busy");
}

export function start(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if ("sending" in form.dataset) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset["sending"] = "";
    event.submitter?.setAttribute("aria-busy", "true");
    setTimeout(() => release(form), GIVE_UP);
  }, true);
  document.addEventListener("submit", (event) => {
    // Somebody else kept it back, to ask for more first.
    if (event.defaultPrevented && !(event.target as HTMLFormElement).matches("[hx-post]")) {
      release(event.target as HTMLFormElement);
    }
  });
  document.addEventListener("htmx:finally:request", ({ target }) => {
    const form = target instanceof Element ? target.closest("form") : null;
    if (form) release(form);
  });
  document.addEventListener("wb:answered", ({ target }) => release(target as HTMLFormElement));
  addEventListener("pageshow", () => document.querySelectorAll<HTMLFormElement>("form[data-sending]").forEach(release));
}

/** Whether somebody has typed or chosen something inside that is not sent yet, or is about to. */
export function isBeingFilled(element: Element): boolean {
  const active = document.activeElement;
  if (active && element.contains(active) && active.matches("input, select, textarea")) return true;
  return [...element.querySelectorAll<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>("input, select, textarea")].some((field) => {
    if (field instanceof HTMLSelectElement) {
      return [...field.options].some((option) => option.selected !== option.defaultSelected && [...field.options].some((o) => o.defaultSelected));
    }
    if (field instanceof HTMLInputElement && /checkbox|radio/.test(field.type)) return field.checked !== field.defaultChecked;
    return field.value !== field.defaultValue;
  });
}
