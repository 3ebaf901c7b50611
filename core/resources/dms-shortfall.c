/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-shortfall.h"

#include <string.h>

struct _DmsShortfall
{
  char *field;
  char *label;
  gboolean is_quantity;
  double required_number;
  double offered_number;
  char *required;
  char *offered;
  char *short_by;
  char *text;
  char *relaxation;
};

G_DEFINE_BOXED_TYPE (DmsShortfall, dms_shortfall, dms_shortfall_ref, dms_shortfall_unref)

/* A step of units: 1024 and `B`, `KiB` …, or 1000 and `Hz`, `kHz` …. */
static char *
format_scaled (double number, double step, const char *const *units)
{
  guint i = 0;

  while (number >= step && units[i + 1] != NULL)
    {
      number /= step;
      i++;
    }
  return g_strdup_printf ("%.4g %s", number, units[i]);
}

static char *
format_time (double seconds)
{
  if (seconds >= 3600)
    return g_strdup_printf ("%.4g h", seconds / 3600);
  return seconds >= 60 ? g_strdup_printf ("%.4g min", seconds / 60) : g_strdup_printf ("%.4g s", seconds);
}

char *
dms_shortfall_format (double number, const char *unit)
{
  static const char *const bytes[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL };
  static const char *const hertz[] = { "Hz", "kHz", "MHz", "GHz", "THz", NULL };

  if (g_strcmp0 (unit, "bytes") == 0)
    return format_scaled (number, 1024, bytes);
  if (g_strcmp0 (unit, "hertz") == 0)
    return format_scaled (number, 1000, hertz);
  if (g_strcmp0 (unit, "seconds") == 0)
    return format_time (number);
  return unit != NULL ? g_strdup_printf ("%.6g %s", number, unit) : g_strdup_printf ("%.6g", number);
}

/* The unit is said once when both have it: `6 of 8 GiB`. */
static char *
dup_pair (const char *offered, const char *required, const char *of)
{
  const char *offered_unit = strchr (offered, ' ');
  const char *required_unit = strchr (required, ' ');

  if (offered_unit == NULL || g_strcmp0 (offered_unit, required_unit) != 0)
    return g_strdup_printf ("%s %s %s", offered, of, required);
  return g_strdup_printf ("%.*s %s %s", (int) (offered_unit - offered), offered, of, required);
}

/* of, much: how the two and their difference are told. */
static DmsShortfall *
new_number (const char *field,
            const char *label,
            double required,
            double offered,
            const char *unit,
            const char *of,
            const char *much)
{
  DmsShortfall *self = g_atomic_rc_box_new0 (DmsShortfall);
  g_autofree char *pair = NULL;

  self->field = g_strdup (field);
  self->label = g_strdup (label);
  self->is_quantity = TRUE;
  self->required_number = required;
  self->offered_number = offered;
  self->required = dms_shortfall_format (required, unit);
  self->offered = dms_shortfall_format (offered, unit);
  self->short_by = dms_shortfall_format (ABS (required - offered), unit);
  pair = dup_pair (self->offered, self->required, of);
  self->text = g_strdup_printf ("%s %s: %s %s", label, pair, self->short_by, much);
  self->relaxation = g_strdup_printf ("%s %s instead of %s", label, self->offered, self->required);
  return self;
}

DmsShortfall *
dms_shortfall_new_quantity (const char *field,
                            const char *label,
                            double required,
                            double offered,
                            const char *unit)
{
  return new_number (field, label, required, offered, unit, "of", "short");
}

DmsShortfall *
dms_shortfall_new_excess (const char *field,
                          const char *label,
                          double required,
                          double offered,
                          const char *unit)
{
  return new_number (field, label, required, offered, unit, "of at most", "too much");
}

DmsShortfall *
dms_shortfall_new_kind (const char *field,
                        const char *label,
                        const char *required,
                        const char *offered,
                        const char *relaxed)
{
  DmsShortfall *self = g_atomic_rc_box_new0 (DmsShortfall);

  self->field = g_strdup (field);
  self->label = g_strdup (label);
  self->required = g_strdup (required);
  self->offered = g_strdup (offered != NULL && offered[0] != '\0' ? offered : "none");
  self->text = g_strdup_printf ("%s %s is asked for, and there is %s", label, required, self->offered);
  self->relaxation = relaxed != NULL ? g_strdup_printf ("%s %s instead of %s", label, relaxed, required)
                                     : g_strdup_printf ("no %s %s", label, required);
  return self;
}

const char *
dms_shortfall_get_field (DmsShortfall *self)
{
  return self->field;
}

const char *
dms_shortfall_get_label (DmsShortfall *self)
{
  return self->label;
}

gboolean
dms_shortfall_is_quantity (DmsShortfall *self)
{
  return self->is_quantity;
}

double
dms_shortfall_get_required_number (DmsShortfall *self)
{
  return self->required_number;
}

double
dms_shortfall_get_offered_number (DmsShortfall *self)
{
  return self->offered_number;
}

const char *
dms_shortfall_get_required (DmsShortfall *self)
{
  return self->required;
}

const char *
dms_shortfall_get_offered (DmsShortfall *self)
{
  return self->offered;
}

const char *
dms_shortfall_get_short_by (DmsShortfall *self)
{
  return self->short_by;
}

const char *
dms_shortfall_get_text (DmsShortfall *self)
{
  return self->text;
}

const char *
dms_shortfall_get_relaxation (DmsShortfall *self)
{
  return self->relaxation;
}

DmsShortfall *
dms_shortfall_ref (DmsShortfall *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsShortfall *self = data;

  g_free (self->field);
  g_free (self->label);
  g_free (self->required);
  g_free (self->offered);
  g_free (self->short_by);
  g_free (self->text);
  g_free (self->relaxation);
}

void
dms_shortfall_unref (DmsShortfall *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
