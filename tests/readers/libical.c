/* Expands the series of iCalendar files with libical, the library inside GNOME Calendar and KOrganizer.
 *
 *   printf 'a.ics\nb.ics\n' | ./libical LIMIT SECONDS
 *
 * prints a line for each file: its path, a tab, and the starts of its occurrences separated by spaces, at most LIMIT
 * for each series: `20270101` for all-day events, else UTC, `20270101T080000Z`. A file that takes more than SECONDS of
 * processor time has `hangs` instead, one that libical cannot read `refused`. Each file has its own process.
 */

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REFUSED = 3, MAX_PATH = 4096 };

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(size + 1, 1);
    if (text && fread(text, 1, size, file) != size) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

static void print_time(icaltimetype time)
{
    icaltimetype shown = time.is_date ? time : icaltime_convert_to_zone(time, icaltimezone_get_utc_timezone());
    printf(" %s", icaltime_as_ical_string(shown));
}

/* The component that overrides the occurrence at `start`, or NULL. */
static icalcomponent *override_of(icalcomponent *calendar, icalcomponent *master, icaltimetype start)
{
    icalcompiter each = icalcomponent_begin_component(calendar, ICAL_VEVENT_COMPONENT);
    for (icalcomponent *event; (event = icalcompiter_deref(&each)); icalcompiter_next(&each)) {
        icalproperty *id = icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY);
        if (id && strcmp(icalcomponent_get_uid(event), icalcomponent_get_uid(master)) == 0
            && icaltime_compare(icalproperty_get_datetime_with_component(id, event), start) == 0) {
            return event;
        }
    }
    return NULL;
}

static icaltimetype start_of(icalcomponent *event)
{
    icalproperty *start = icalcomponent_get_first_property(event, ICAL_DTSTART_PROPERTY);
    return icalproperty_get_datetime_with_component(start, event);
}

static int is_excluded(icalcomponent *event, icaltimetype start)
{
    for (icalproperty *each = icalcomponent_get_first_property(event, ICAL_EXDATE_PROPERTY); each;
         each = icalcomponent_get_next_property(event, ICAL_EXDATE_PROPERTY)) {
        if (icaltime_compare(icalproperty_get_datetime_with_component(each, event), start) == 0) {
            return 1;
        }
    }
    return 0;
}

static void expand(icalcomponent *calendar, icalcomponent *event, int limit)
{
    icaltimetype start = start_of(event);
    icalproperty *rule = icalcomponent_get_first_property(event, ICAL_RRULE_PROPERTY);
    if (!rule) {
        print_time(start);
        return;
    }
    icalrecur_iterator *series = icalrecur_iterator_new(icalproperty_get_rrule(rule), start);
    if (!series) {
        exit(REFUSED);
    }
    for (int number = 0; number < limit; number++) {
        icaltimetype next = icalrecur_iterator_next(series);
        if (icaltime_is_null_time(next)) {
            break;
        }
        if (is_excluded(event, next)) {
            continue;
        }
        icalcomponent *override = override_of(calendar, event, next);
        print_time(override ? start_of(override) : next);
    }
    icalrecur_iterator_free(series);
}

static void expand_file(const char *path, int limit)
{
    char *text = read_file(path);
    icalcomponent *calendar = text ? icalparser_parse_string(text) : NULL;
    if (!calendar) {
        exit(REFUSED);
    }
    icalcompiter each = icalcomponent_begin_component(calendar, ICAL_VEVENT_COMPONENT);
    for (icalcomponent *event; (event = icalcompiter_deref(&each)); icalcompiter_next(&each)) {
        if (!icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY)) {
            expand(calendar, event, limit);
        }
    }
    exit(0);
}

int main(int count, char **arguments)
{
    if (count != 3) {
        return 2;
    }
    char path[MAX_PATH];
    while (fgets(path, sizeof path, stdin)) {
        path[strcspn(path, "\n")] = '\0';
        printf("%s\t", path);
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            struct rlimit seconds = {(rlim_t)atoi(arguments[2]), (rlim_t)atoi(arguments[2])};
            setrlimit(RLIMIT_CPU, &seconds);
            expand_file(path, atoi(arguments[1]));
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (WIFSIGNALED(status)) {
            fputs("hangs", stdout);
        } else if (WEXITSTATUS(status) != 0) {
            fputs("refused", stdout);
        }
        putchar('\n');
    }
    return 0;
}
