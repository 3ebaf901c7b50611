/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-maxmind.h"

#include <dlfcn.h>
#include <maxminddb.h>
#include <string.h>

#define LIBRARY "libmaxminddb.so.0"

enum
{
  /* A name of a place or an organisation. */
  MAX_TEXT = 256,
};

typedef struct
{
  void *library;
  MMDB_s database;
  int (*open) (const char *file, uint32_t flags, MMDB_s *database);
  MMDB_lookup_result_s (*look_up) (const MMDB_s *database,
                                   const struct sockaddr *address,
                                   int *database_error);
  int (*get_value) (MMDB_entry_s *start, MMDB_entry_data_s *data, const char *const *path);
  void (*close) (MMDB_s *database);
  const char *(*describe) (int code);
} Maxmind;

static gboolean
find (Maxmind *self, const char *name, void *function)
{
  void *symbol = dlsym (self->library, name);

  /* ISO C has no conversion from object to function pointers; POSIX promises that they look the same. */
  memcpy (function, &symbol, sizeof symbol);
  return symbol != NULL;
}

static gboolean
load (Maxmind *self, GError **error)
{
  /* It stays: the same address is looked up again one day, and a leak in it has a name to whoever looks. */
  self->library = dlopen (LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (self->library != NULL && find (self, "MMDB_open", &self->open) &&
      find (self, "MMDB_lookup_sockaddr", &self->look_up) &&
      find (self, "MMDB_aget_value", &self->get_value) && find (self, "MMDB_close", &self->close) &&
      find (self, "MMDB_strerror", &self->describe))
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_UNAVAILABLE,
               "%s, which reads MaxMind databases, cannot be loaded; install it",
               LIBRARY);
  if (self->library != NULL)
    dlclose (self->library);
  return FALSE;
}

static gboolean
get (Maxmind *self, MMDB_entry_s *entry, const char *const *path, guint32 type, MMDB_entry_data_s *data)
{
  return self->get_value (entry, data, path) == MMDB_SUCCESS && data->has_data && data->type == type;
}

/* (nullable) */
static char *
dup_text (Maxmind *self, MMDB_entry_s *entry, const char *const *path)
{
  MMDB_entry_data_s data;

  if (!get (self, entry, path, MMDB_DATA_TYPE_UTF8_STRING, &data) || data.data_size == 0 ||
      data.data_size > MAX_TEXT || !g_utf8_validate (data.utf8_string, data.data_size, NULL))
    return NULL;
  return g_strndup (data.utf8_string, data.data_size);
}

static gboolean
get_degrees (Maxmind *self, MMDB_entry_s *entry, const char *name, double *degrees)
{
  const char *const path[] = { "location", name, NULL };
  MMDB_entry_data_s data;

  if (!get (self, entry, path, MMDB_DATA_TYPE_DOUBLE, &data))
    return FALSE;
  *degrees = data.double_value;
  return TRUE;
}

static DmsLocation *
read_entry (Maxmind *self, MMDB_entry_s *entry)
{
  static const char *const continent_path[] = { "continent", "code", NULL };
  static const char *const country_path[] = { "country", "iso_code", NULL };
  static const char *const city_path[] = { "city", "names", "en", NULL };
  static const char *const isp_path[] = { "isp", NULL };
  static const char *const organisation_path[] = { "autonomous_system_organization", NULL };
  static const char *const number_path[] = { "autonomous_system_number", NULL };
  g_autofree char *continent = dup_text (self, entry, continent_path);
  g_autofree char *country = dup_text (self, entry, country_path);
  g_autofree char *city = dup_text (self, entry, city_path);
  g_autofree char *isp = dup_text (self, entry, isp_path);
  g_autoptr (DmsLocation) location = NULL;
  MMDB_entry_data_s number;
  guint32 asn = 0;
  DmsCoordinates coordinates;

  if (isp == NULL)
    isp = dup_text (self, entry, organisation_path);
  if (get (self, entry, number_path, MMDB_DATA_TYPE_UINT32, &number))
    asn = number.uint32;
  location = dms_location_new (continent, country, city, asn, isp);
  if (!get_degrees (self, entry, "latitude", &coordinates.latitude) ||
      !get_degrees (self, entry, "longitude", &coordinates.longitude))
    return g_steal_pointer (&location);
  return dms_location_new_at (location, &coordinates);
}

static DmsLocation *
look_up (Maxmind *self, const char *file, const char *text, GError **error)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (text, 0);
  struct sockaddr_storage native;
  MMDB_lookup_result_s result;
  int code = MMDB_SUCCESS;

  if (address == NULL || !g_socket_address_to_native (address, &native, sizeof native, NULL))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "“%s” is no IP address", text);
      return NULL;
    }
  result = self->look_up (&self->database, (const struct sockaddr *) &native, &code);
  if (code != MMDB_SUCCESS)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_CORRUPT,
                   "%s cannot be asked about %s: %s",
                   file,
                   text,
                   self->describe (code));
      return NULL;
    }
  if (!result.found_entry)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "%s knows nothing of %s", file, text);
      return NULL;
    }
  return read_entry (self, &result.entry);
}

DmsLocation *
dms_maxmind_look_up (const char *file, const char *address, GError **error)
{
  Maxmind self = { 0 };
  DmsLocation *location;
  int code;

  if (!load (&self, error))
    return NULL;
  code = self.open (file, MMDB_MODE_MMAP, &self.database);
  if (code != MMDB_SUCCESS)
    {
      gboolean unreadable = code == MMDB_FILE_OPEN_ERROR || code == MMDB_IO_ERROR;

      g_set_error (error,
                   DMS_ERROR,
                   unreadable ? DMS_ERROR_IO : DMS_ERROR_CORRUPT,
                   "%s cannot be read as a MaxMind database: %s",
                   file,
                   self.describe (code));
      dlclose (self.library);
      return NULL;
    }
  location = look_up (&self, file, address, error);
  self.close (&self.database);
  dlclose (self.library);
  return location;
}
