/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-gazetteer.h"

#include <string.h>

enum
{
  MAX_FILE = 1024 * 1024,
};

/* `±DDMM` or `±DDMMSS`, and a digit more for longitudes (ISO 6709). */
static gboolean
read_degrees (const char **text, guint degree_digits, double *degrees)
{
  double sign = **text == '-' ? -1 : 1;
  guint n = 0;
  guint values[3] = { 0 };

  if (**text != '-' && **text != '+')
    return FALSE;
  (*text)++;
  for (; g_ascii_isdigit (**text) && n < degree_digits + 4; (*text)++)
    {
      guint part = n < degree_digits ? 0 : 1 + (n - degree_digits) / 2;

      values[part] = values[part] * 10 + (guint) (**text - '0');
      n++;
    }
  *degrees = sign * (values[0] + values[1] / 60.0 + values[2] / 3600.0);
  return n == degree_digits + 2 || n == degree_digits + 4;
}

/* `Europe/Berlin`, `America/Argentina/Buenos_Aires`: the last part, with blanks. */
static gboolean
is_city (const char *zone, const char *city)
{
  const char *slash = strrchr (zone, '/');
  g_autofree char *name = g_strdup (slash != NULL ? slash + 1 : zone);

  g_strdelimit (name, "_", ' ');
  return g_ascii_strcasecmp (name, city) == 0;
}

gboolean
dms_gazetteer_find (const char *file, const char *country, const char *city, DmsCoordinates *coordinates)
{
  g_autoptr (GMappedFile) mapped = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (country == NULL || city == NULL)
    return FALSE;
  mapped = g_mapped_file_new (file, FALSE, NULL);
  if (mapped == NULL || g_mapped_file_get_length (mapped) > MAX_FILE)
    return FALSE;
  text = g_strndup (g_mapped_file_get_contents (mapped), g_mapped_file_get_length (mapped));
  lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], "\t", 4);
      const char *place = g_strv_length (fields) >= 3 ? fields[1] : NULL;
      DmsCoordinates read;

      if (place == NULL || fields[0][0] == '#' || g_ascii_strcasecmp (fields[0], country) != 0 ||
          !is_city (fields[2], city))
        continue;
      if (!read_degrees (&place, 2, &read.latitude) || !read_degrees (&place, 3, &read.longitude) ||
          !dms_coordinates_are_valid (&read))
        return FALSE;
      *coordinates = read;
      return TRUE;
    }
  return FALSE;
}
