#include "darkforest/core/parse.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return -1;
    errno = 0;
    const unsigned long long v = strtoull(text, &end, 10);
    if (errno || *end || v < min || v > max)
        return -1;
    *value = v;
    return 0;
}

/* A decimal number at the start of text; *end is what follows it.
 * Neither hexadecimal, infinity nor a sign. */
static int leading_number(const char *text, double *value, char **end)
{
    if (!isdigit((unsigned char)text[0]) && text[0] != '.')
        return -1;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return -1;
    errno = 0;
    const double v = strtod(text, end);
    if (errno || *end == text || !isfinite(v))
        return -1;
    *value = v;
    return 0;
}

int parse_double(const char *text, double min, double max, double *value)
{
    char *end;
    double v;
    const int negative = text[0] == '-';
    if (leading_number(text + negative, &v, &end) || *end)
        return -1;
    v = negative ? -v : v;
    if (v < min || v > max)
        return -1;
    *value = v;
    return 0;
}

struct unit {
    const char *name;
    double factor;
};

/* A number and one of the units; the number alone takes the first. */
static int parse_with_unit(const char *text, const struct unit *units, size_t n_units, double max,
                           double *value)
{
    char *end;
    double v;
    if (leading_number(text, &v, &end))
        return -1;
    for (size_t i = 0; i < n_units; i++) {
        if (strcasecmp(end, units[i].name) == 0) {
            if (v * units[i].factor > max)
                return -1;
            *value = round(v * units[i].factor); /* 2.3 minutes are 138 s, not a nanosecond less */
            return 0;
        }
    }
    return -1;
}

int parse_size(const char *text, uint64_t *n_bytes)
{
    static const struct unit units[] = {
        {"", 1},         {"B", 1},      {"K", 0x1p10},   {"KiB", 0x1p10}, {"M", 0x1p20},
        {"MiB", 0x1p20}, {"G", 0x1p30}, {"GiB", 0x1p30}, {"T", 0x1p40},   {"TiB", 0x1p40},
        {"KB", 1e3},     {"MB", 1e6},   {"GB", 1e9},     {"TB", 1e12},
    };
    double v;
    if (parse_with_unit(text, units, sizeof units / sizeof *units, 0x1p60, &v))
        return -1;
    *n_bytes = (uint64_t)v;
    return 0;
}

int parse_duration(const char *text, int64_t *ns)
{
    static const struct unit units[] = {
        {"", 1e9},   {"s", 1e9},    {"ms", 1e6},   {"us", 1e3},    {"ns", 1},
        {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9},
    };
    double v;
    if (parse_with_unit(text, units, sizeof units / sizeof *units, 0x1p62, &v))
        return -1;
    *ns = (int64_t)v;
    return 0;
}

static int parse_fraction(const char *text, int64_t *ns, const char **end)
{
    int64_t v = 0, scale = NS_PER_S;
    *ns = 0;
    *end = text;
    if (*text != '.')
        return 0;
    text++;
    if (!isdigit((unsigned char)*text))
        return -1;
    for (; isdigit((unsigned char)*text); text++) {
        if (scale > 1) {
            scale /= 10;
            v += (*text - '0') * scale;
        }
    }
    *ns = v;
    *end = text;
    return 0;
}

static int parse_epoch(const char *text, int64_t *ts_ns)
{
    int64_t s = 0, ns = 0;
    const char *p = text;
    for (; isdigit((unsigned char)*p); p++) {
        if (p - text > 9)
            return -1;
        s = s * 10 + (*p - '0');
    }
    if (p == text || s >= INT64_MAX / NS_PER_S || parse_fraction(p, &ns, &p) || *p)
        return -1;
    *ts_ns = s * NS_PER_S + ns;
    return 0;
}

/* n digits exactly */
static int digits(const char **p, int n, int *value)
{
    *value = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (!isdigit((unsigned char)**p))
            return -1;
        *value = *value * 10 + (**p - '0');
    }
    return 0;
}

int parse_time(const char *text, int64_t *ts_ns)
{
    struct tm tm = {.tm_mday = 1};
    int64_t ns = 0;
    int year = 0, month = 1;
    const char *p = text;
    if (digits(&p, 4, &year) || isdigit((unsigned char)*p))
        return parse_epoch(text, ts_ns);
    if (*p == '-' && (p++, digits(&p, 2, &month)))
        return -1;
    if (*p && (*p++ != '-' || digits(&p, 2, &tm.tm_mday)))
        return -1;
    if (*p == 'T' || *p == ' ') {
        p++;
        if (digits(&p, 2, &tm.tm_hour))
            return -1;
        if (*p == ':' && (p++, digits(&p, 2, &tm.tm_min)))
            return -1;
        if (*p == ':' && (p++, digits(&p, 2, &tm.tm_sec) || parse_fraction(p, &ns, &p)))
            return -1;
    }
    if (*p == 'Z')
        p++;
    if (*p || year < 1970 || year > 2261 || month < 1 || month > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
        tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
        return -1;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    const int day = tm.tm_mday;
    const time_t t = timegm(&tm);
    if (tm.tm_mday != day) /* 30 February became 2 March */
        return -1;
    *ts_ns = (int64_t)t * NS_PER_S + ns;
    return 0;
}

int parse_ipv4(const char *text, size_t n, uint32_t *address)
{
    uint32_t v = 0;
    size_t i = 0;
    for (int part = 0; part < 4; part++) {
        uint32_t octet = 0;
        size_t n_digits = 0;
        if (part > 0 && (i >= n || text[i++] != '.'))
            return -1;
        for (; i < n && n_digits < 3 && text[i] >= '0' && text[i] <= '9'; i++, n_digits++)
            octet = octet * 10 + (uint32_t)(text[i] - '0');
        if (n_digits == 0 || octet > 255)
            return -1;
        v = v << 8 | octet;
    }
    if (i != n)
        return -1;
    *address = v;
    return 0;
}

static char *format_with(int64_t ts_ns, const char *format, char out[FORMAT_TIME_SIZE])
{
    const int64_t s = ts_ns / NS_PER_S - (ts_ns % NS_PER_S < 0);
    const time_t t = (time_t)s;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || strftime(out, FORMAT_TIME_SIZE, format, &tm) == 0)
        snprintf(out, FORMAT_TIME_SIZE, "%lld", (long long)s);
    return out;
}

char *format_time(int64_t ts_ns, char out[FORMAT_TIME_SIZE])
{
    return format_with(ts_ns, "%Y-%m-%dT%H:%M:%S", out);
}

char *format_stamp(int64_t ts_ns, char out[FORMAT_TIME_SIZE])
{
    return format_with(ts_ns, "%Y%m%dT%H%M%S", out);
}

char *format_duration(double seconds, char out[FORMAT_TIME_SIZE])
{
    const double bounded = seconds > 0 ? fmin(seconds, 3.6e9) : 0;
    const unsigned long s = (unsigned long)(bounded + 0.5);
    snprintf(out, FORMAT_TIME_SIZE, "%02lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    return out;
}

char *format_size(uint64_t n_bytes, char out[FORMAT_TIME_SIZE])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double v = (double)n_bytes;
    size_t u = 0;
    while (v >= 1024 && u + 1 < sizeof units / sizeof *units) {
        v /= 1024;
        u++;
    }
    snprintf(out, FORMAT_TIME_SIZE, u ? "%.1f %s" : "%.0f %s", v, units[u]);
    return out;
}

char *format_real(double value, char out[FORMAT_TIME_SIZE])
{
    for (int n = 15; n <= 17; n++) {
        snprintf(out, FORMAT_TIME_SIZE, "%.*g", n, value);
        if (strtod(out, NULL) == value)
            break;
    }
    return out;
}

char *format_ipv4(uint32_t address, char out[FORMAT_IPV4_SIZE])
{
    snprintf(out, FORMAT_IPV4_SIZE, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
             address & 255);
    return out;
}
