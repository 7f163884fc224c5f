// Reads iCalendar files with ical.js, the library inside Thunderbird.
//
//   echo '["a.ics", "b.ics"]' | node tests/readers/icaljs.mjs
//
// prints {"a.ics": [{uid, recurrenceId, start, end, allDay}, ...], ...}. Times are in UTC by the file's own VTIMEZONEs,
// all-day events have dates (`end` exclusive, as written), missing values are null. A series is not expanded, unless
// the first argument is a number: then at most that many occurrences are given, each with its start by the rule. Files
// with errors, such as a floating time, are named on stderr, and nothing is printed: exit code 1.
//
// A second number limits the processor time for a file, in milliseconds: ical.js never returns from some rules. A file
// that takes longer is then printed as "hangs", and one with errors as "refused"; nothing is an error.
//
// ical.js is found in tests/readers/node_modules (`npm install` there) or in a folder of NODE_PATH.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

const loaded = createRequire(import.meta.url)("ical.js");
const ICAL = loaded.default ?? loaded;

/** The calendar of a file, knowing only the zones that the file defines (and UTC, which `reset` adds). */
function readCalendar(path) {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  const calendar = new ICAL.Component(ICAL.parse(text));
  if (calendar.name !== "vcalendar") {
    throw new Error(`not one VCALENDAR but ${calendar.name}`);
  }
  ICAL.TimezoneService.reset();
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(zone);
  }
  return calendar;
}

/** The time of a property. ical.js silently makes a time floating if it finds no zone: here that is an error. */
function readTime(property) {
  const time = property.getFirstValue();
  const tzid = property.getFirstParameter("tzid");
  if (time.isDate) {
    return time;
  }
  if (!time.zone || time.zone === ICAL.Timezone.localTimezone) {
    const why = tzid ? `no VTIMEZONE ${tzid}` : "floating";
    throw new Error(`${property.name} ${time}: ${why}`);
  }
  // ical.js knows UTC and GMT by name, without a VTIMEZONE in the file.
  if (tzid && !time.zone.component) {
    throw new Error(`${property.name} ${time}: no VTIMEZONE ${tzid}`);
  }
  return time;
}

function formatTime(time) {
  if (time.isDate) {
    return time.toString();
  }
  return new Date(time.toUnixTime() * 1000).toISOString().replace(".000Z", "Z");
}

function readEnd(event, start) {
  const end = event.getFirstProperty("dtend");
  if (end) {
    return formatTime(readTime(end));
  }
  const duration = event.getFirstPropertyValue("duration");
  if (!duration) {
    return null;
  }
  const time = start.clone();
  time.addDuration(duration);
  return formatTime(time);
}

function readEvent(event) {
  const uid = event.getFirstPropertyValue("uid");
  try {
    const start = readTime(event.getFirstProperty("dtstart"));
    const recurrenceId = event.getFirstProperty("recurrence-id");
    return {
      uid,
      recurrenceId: recurrenceId ? readTime(recurrenceId).toICALString() : null,
      start: formatTime(start),
      end: readEnd(event, start),
      allDay: start.isDate,
    };
  } catch (error) {
    throw new Error(`${uid}: ${error.message}`, { cause: error });
  }
}

/** The occurrences of a master, at most `limit`, as ical.js computes them with the file's exceptions. */
function expand(master, exceptions, limit) {
  const event = new ICAL.Event(master, { exceptions, strictExceptions: true });
  if (!event.isRecurring()) {
    return [readEvent(master)];
  }
  const found = [];
  const iterator = event.iterator();
  for (let next = iterator.next(); next && found.length < limit; next = iterator.next()) {
    const { startDate, endDate, recurrenceId } = event.getOccurrenceDetails(next);
    found.push({
      uid: event.uid,
      recurrenceId: recurrenceId.toICALString(),
      start: formatTime(startDate),
      end: master.hasProperty("dtend") ? formatTime(endDate) : null,
      allDay: startDate.isDate,
    });
  }
  return found;
}

function readEvents(calendar, limit) {
  const all = calendar.getAllSubcomponents("vevent");
  if (!limit) {
    return all.map(readEvent);
  }
  const [masters, exceptions] = [false, true].map((is) => all.filter((one) => one.hasProperty("recurrence-id") === is));
  return masters.flatMap((master) => {
    const uid = master.getFirstPropertyValue("uid");
    const own = exceptions.filter((one) => one.getFirstPropertyValue("uid") === uid);
    return expand(master, own, limit);
  });
}

/** Read each path that the main thread sends, and send back what was read. */
function serve() {
  parentPort.on("message", ({ path, limit }) => {
    try {
      parentPort.postMessage(readEvents(readCalendar(path), limit));
    } catch {
      parentPort.postMessage("refused");
    }
  });
}

/** Send one path to a worker. Resolves to its reading, or to "hangs" once it has used too much processor time. */
function readWithin(worker, path, limit, milliseconds) {
  return new Promise((resolve) => {
    // The main thread only waits, so all of this process's time is the worker's.
    const begin = process.cpuUsage();
    const clock = setInterval(() => {
      const { user, system } = process.cpuUsage(begin);
      if (user + system > milliseconds * 1000) {
        finish("hangs");
      }
    }, 50);
    const finish = (reading) => {
      clearInterval(clock);
      worker.removeAllListeners("message");
      resolve(reading);
    };
    worker.once("message", finish);
    worker.postMessage({ path, limit });
  });
}

async function readAllWithin(paths, limit, milliseconds) {
  const readings = {};
  let worker = new Worker(new URL(import.meta.url));
  for (const path of paths) {
    readings[path] = await readWithin(worker, path, limit, milliseconds);
    if (readings[path] === "hangs") {
      await worker.terminate();
      worker = new Worker(new URL(import.meta.url));
    }
  }
  await worker.terminate();
  return readings;
}

async function main() {
  const limit = Number(process.argv[2] ?? 0);
  const milliseconds = Number(process.argv[3] ?? 0);
  const paths = JSON.parse(readFileSync(0, "utf-8"));
  if (milliseconds) {
    process.stdout.write(JSON.stringify(await readAllWithin(paths, limit, milliseconds)));
    return;
  }
  const readings = {};
  const problems = [];
  for (const path of paths) {
    try {
      readings[path] = readEvents(readCalendar(path), limit);
    } catch (error) {
      problems.push(`${path}: ${error.message}`);
    }
  }
  if (problems.length > 0) {
    process.stderr.write(`${problems.join("\n")}\n`);
    process.exitCode = 1;
  } else {
    process.stdout.write(JSON.stringify(readings));
  }
}

if (isMainThread) {
  await main();
} else {
  serve();
}
