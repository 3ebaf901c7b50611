/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-fit.h"

#include <string.h>

struct _DmsFit
{
  DmsComparison comparison;
  GPtrArray *shortfalls;
};

G_DEFINE_BOXED_TYPE (DmsFit, dms_fit, dms_fit_ref, dms_fit_unref)

DmsFit *
dms_fit_new (DmsComparison comparison, GPtrArray *shortfalls)
{
  DmsFit *self = g_atomic_rc_box_new0 (DmsFit);

  self->comparison = comparison;
  self->shortfalls = shortfalls;
  return self;
}

DmsComparison
dms_fit_get_comparison (DmsFit *self)
{
  return self->comparison;
}

gboolean
dms_fit_suffices (DmsFit *self)
{
  return dms_comparator_suffices (self->comparison);
}

GPtrArray *
dms_fit_get_shortfalls (DmsFit *self)
{
  return self->shortfalls;
}

DmsShortfall *
dms_fit_find (DmsFit *self, const char *field)
{
  for (guint i = 0; i < self->shortfalls->len; i++)
    {
      DmsShortfall *shortfall = self->shortfalls->pdata[i];

      if (strcmp (dms_shortfall_get_field (shortfall), field) == 0)
        return shortfall;
    }
  return NULL;
}

static char *
join (DmsFit *self, const char *(*get) (DmsShortfall *shortfall), const char *separator)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < self->shortfalls->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? separator : "", get (self->shortfalls->pdata[i]));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
dms_fit_describe (DmsFit *self)
{
  return self->shortfalls->len == 0 ? g_strdup ("enough") : join (self, dms_shortfall_get_text, "; ");
}

char *
dms_fit_describe_relaxation (DmsFit *self)
{
  return join (self, dms_shortfall_get_relaxation, ", ");
}

DmsFit *
dms_fit_ref (DmsFit *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsFit *self = data;

  g_ptr_array_unref (self->shortfalls);
}

void
dms_fit_unref (DmsFit *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
