// What a page can only know in the reader's browser: what is over and what is next, and the reader's own zone.
// Without this script every page is complete.
"use strict";
(() => {
  const page = document.documentElement;
  const now = new Date();
  const pad = (number) => String(number).padStart(2, "0");
  const dayOf = (date) => `${String(date.getFullYear()).padStart(4, "0")}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const wallOf = (date) => `${dayOf(date)}T${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  const today = dayOf(now);

  // -- what is over, what is next

  const SHOWN = 50; // how many of those to come are shown at first

  const isInstant = (text) => text.includes("T");
  const isOver = ({ dataset: { until } }) => (isInstant(until) ? Date.parse(until) < now : until < today);
  const hasBegun = ({ dataset: { since } }) => (isInstant(since) ? Date.parse(since) <= now : since <= today);

  const element = (name, text, className) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  const mark = (item, word, className) => {
    item.classList.add(className);
    const badge = element("strong", word, "badge");
    item.querySelector("div").prepend(badge, " ");
  };

  // A button that shows and hides items, and the sections that hold nothing else.
  const fold = (list, items, label, place) => {
    if (!items.length) return;
    const folded = new Set(items);
    const sections = [...list.querySelectorAll("section")].filter((section) =>
      [...section.querySelectorAll("li")].every((item) => folded.has(item)),
    );
    const button = element("button", label.replace("{}", items.length), "quiet");
    button.type = "button";
    const show = (isShown) => {
      button.setAttribute("aria-expanded", String(isShown));
      for (const part of [...items, ...sections]) part.hidden = !isShown;
    };
    button.addEventListener("click", () => show(button.getAttribute("aria-expanded") === "false"));
    show(false);
    const line = element("p", "", "fold");
    line.append(button);
    list[place](line);
  };

  const order = (list, { earlier, later, next, now: ongoing, none }) => {
    const items = [...list.querySelectorAll("li[data-until]")];
    const over = items.filter(isOver);
    const ahead = items.filter((item) => !isOver(item));
    for (const item of ahead.filter(hasBegun)) mark(item, ongoing, "is-now");
    const first = ahead.find((item) => !hasBegun(item) && !item.matches(".is-cancelled, .is-postponed"));
    if (first) mark(first, next, "is-next");
    if (ahead.length) {
      fold(list, over, earlier, "prepend");
      fold(list, ahead.slice(SHOWN), later, "append");
    } else if (items.length) {
      list.prepend(element("p", none, "none-next"));
    }
  };

  for (const list of document.querySelectorAll("[data-fold]")) order(list, list.dataset);
  for (const notice of document.querySelectorAll("[data-over]")) notice.hidden = !isOver(notice);
  for (const cell of document.querySelectorAll(`td[data-day="${today}"]`)) {
    cell.classList.add("is-today");
    cell.setAttribute("aria-current", "date");
  }

  // -- the reader's zone

  const format = (options) => {
    try {
      return new Intl.DateTimeFormat(page.lang, options);
    } catch {
      return new Intl.DateTimeFormat("en", options);
    }
  };
  const clock = format({ timeStyle: "short" });
  const days = {
    full: format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    short: format({ weekday: "short", day: "numeric", month: "short" }),
  };
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const zoneName = zone.replace(/^.*\//, "").replaceAll("_", " ");
  const memory = {
    key: "calfeed-zone",
    get() {
      try {
        return localStorage.getItem(this.key) === "reader";
      } catch {
        return false;
      }
    },
    set(isReader) {
      try {
        localStorage.setItem(this.key, isReader ? "reader" : "venue");
      } catch {
        // nothing to remember it in
      }
    },
  };

  // The text of a time in the reader's zone, with its day where the place of the text does not tell it.
  const textOf = (form, date, dayBefore) => {
    if (dayOf(date) === dayBefore) return clock.format(date);
    return `${(form === "full" ? days.full : days.short).format(date)}, ${clock.format(date)}`;
  };

  const translate = (isReader, ownName) => {
    for (const when of document.querySelectorAll(".when[data-form]")) {
      const { form } = when.dataset;
      const times = [...when.querySelectorAll("time")];
      let day = form === "row" ? times[0].dateTime.slice(0, 10) : "";
      for (const time of times) {
        time.dataset.venue ??= time.textContent;
        const date = new Date(time.dateTime);
        time.textContent = isReader ? textOf(form, date, day) : time.dataset.venue;
        day = dayOf(date);
      }
    }
    for (const name of document.querySelectorAll(".zone-name")) {
      name.dataset.venue ??= name.textContent;
      name.textContent = isReader ? ownName : name.dataset.venue;
    }
  };

  const differs = () =>
    [...document.querySelectorAll(".when[data-form] time")].some(
      ({ dateTime }) => wallOf(new Date(dateTime)) !== dateTime.slice(0, 19),
    );

  const offerZone = () => {
    const button = document.querySelector("[data-zone]");
    if (!button || !button.hidden || !differs()) return;
    const say = (isReader) => {
      button.textContent = isReader ? button.dataset.venue : button.dataset.reader.replace("{}", zoneName);
      translate(isReader, button.dataset.name.replace("{}", zoneName));
    };
    let isReader = memory.get();
    button.addEventListener("click", () => {
      isReader = !isReader;
      memory.set(isReader);
      say(isReader);
    });
    say(isReader);
    button.hidden = false;
  };
  offerZone();

  // -- copying

  for (const button of document.querySelectorAll("[data-copy], [data-copy-link]")) {
    const said = button.parentElement.querySelector("[role=status]");
    button.hidden = false;
    button.addEventListener("click", async () => {
      const { copy, copyLink, copied, failed } = button.dataset;
      const address = document.getElementById("address");
      try {
        await navigator.clipboard.writeText(copy || document.getElementById(copyLink).href);
        said.textContent = copied;
      } catch {
        getSelection().selectAllChildren(address);
        said.textContent = failed;
      }
    });
  }

  // -- many events: what is next stands on the pages of the months or years

  const upcoming = document.querySelector("[data-upcoming]");
  const rowOf = (item, base) => {
    const day = item.closest("td")?.dataset.day;
    if (!day) {
      const copy = document.importNode(item, true);
      for (const link of copy.querySelectorAll("a")) link.href = new URL(link.getAttribute("href"), base).href;
      return copy;
    }
    const row = element("li", "");
    const link = item.querySelector("a");
    const date = new Date(`${day}T12:00:00`);
    const leaf = element("time", "", "leaf");
    leaf.dateTime = day;
    leaf.append(element("b", String(date.getDate())), ` ${format({ weekday: "short" }).format(date)} ${format({ month: "short" }).format(date)}`);
    const body = document.createElement("div");
    const title = element("a", link.querySelector(".title").textContent);
    title.href = new URL(link.getAttribute("href"), base).href;
    title.target = document.querySelector(".embed") ? "_top" : "";
    const facts = document.createElement("p");
    for (const part of link.querySelectorAll(".status, .when")) facts.append(part, " ");
    body.append(title, facts);
    row.append(leaf, body);
    Object.assign(row.dataset, item.dataset);
    return row;
  };
  const loadUpcoming = async (links) => {
    const list = element("ol", "", "rows");
    for (const link of links) {
      const answer = await fetch(link.href);
      if (!answer.ok) break;
      const period = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const item of period.querySelectorAll("td li:not([data-continued]), .rows li")) {
        if (!isOver(item)) list.append(rowOf(item, link.href));
      }
      if (list.children.length >= 8) break;
    }
    if (!list.children.length) return;
    while (list.children.length > 8) list.lastChild.remove();
    const section = document.createElement("section");
    section.className = "agenda";
    section.append(element("h2", upcoming.dataset.title), list);
    upcoming.before(section);
    offerZone();
  };
  if (upcoming) {
    const ahead = [...document.querySelectorAll("a[data-period]")].filter(
      ({ dataset: { period } }) => period >= today.slice(0, period.length),
    );
    // A page that was opened from a disk may not read others: the links are there.
    loadUpcoming(ahead.slice(0, 3)).catch(() => {});
  }
})();
