/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-locator.h"

#include "observability/dms-log.h"
#include "resources/dms-gazetteer.h"
#include "resources/dms-maxmind.h"

#include <gio/gio.h>
#include <string.h>

struct _DmsLocator
{
  DmsConfig *config;
  char *address;
  DmsLocation *location;
};

static const char *
get_text (DmsLocator *self, const char *key)
{
  const char *text = dms_config_get_string (self->config, key);

  return text != NULL && text[0] != '\0' ? text : NULL;
}

/* (nullable) */
static DmsLocation *
look_up (DmsLocator *self, const char *key)
{
  const char *file = get_text (self, key);
  g_autoptr (GError) error = NULL;
  DmsLocation *found;

  if (file == NULL || self->address == NULL)
    return NULL;
  found = dms_maxmind_look_up (file, self->address, &error);
  if (found == NULL)
    dms_log_event (G_LOG_LEVEL_WARNING, "location_not_found", "file", file, "error", error->message, NULL);
  return found;
}

static const char *
either (const char *first, const char *second)
{
  return first != NULL ? first : second;
}

/* What is configured counts; where nothing of a place is, the databases do. A place that is configured in
 * part, say the country alone, is not mixed with a city of elsewhere. */
static DmsLocation *
merge (DmsLocator *self, DmsLocation *place, DmsLocation *network)
{
  const char *continent = get_text (self, "general.host_continent");
  const char *country = get_text (self, "general.host_country");
  const char *city = get_text (self, "general.host_city");
  const char *isp = get_text (self, "general.host_isp");
  const char *configured = get_text (self, "general.host_coordinates");
  guint32 asn = (guint32) dms_config_get_int (self->config, "general.host_asn");
  gboolean here = continent != NULL || country != NULL || city != NULL;
  g_autoptr (DmsLocation) location = NULL;
  DmsCoordinates coordinates;

  if (!here && place != NULL)
    {
      continent = dms_location_get_continent (place);
      country = dms_location_get_country (place);
      city = dms_location_get_city (place);
    }
  if (network != NULL)
    {
      isp = either (isp, dms_location_get_isp (network));
      asn = asn != 0 ? asn : dms_location_get_asn (network);
    }
  location = dms_location_new (continent, country, city, asn, isp);
  if (configured != NULL && dms_coordinates_parse (&coordinates, configured))
    return dms_location_new_at (location, &coordinates);
  if (configured != NULL)
    dms_log_event (G_LOG_LEVEL_WARNING,
                   "location_not_found",
                   "error",
                   "general.host_coordinates must be latitude and longitude in degrees, such as 52.52,13.40",
                   NULL);
  if (!here && place != NULL && dms_location_get_coordinates (place, &coordinates))
    return dms_location_new_at (location, &coordinates);
  if (dms_locator_find_coordinates (location, &coordinates))
    return dms_location_new_at (location, &coordinates);
  return g_steal_pointer (&location);
}

static gboolean
locate (DmsLocator *self)
{
  g_autoptr (DmsLocation) place = look_up (self, "general.geoip_city_db");
  g_autoptr (DmsLocation) network = look_up (self, "general.geoip_asn_db");
  g_autoptr (DmsLocation) before = g_steal_pointer (&self->location);

  self->location = merge (self, place, network);
  return before == NULL || !dms_location_equal (before, self->location);
}

DmsLocator *
dms_locator_new (DmsConfig *config)
{
  DmsLocator *self = g_new0 (DmsLocator, 1);

  self->config = g_object_ref (config);
  self->address = g_strdup (get_text (self, "general.host_address"));
  locate (self);
  return self;
}

void
dms_locator_free (DmsLocator *self)
{
  g_object_unref (self->config);
  dms_location_unref (self->location);
  g_free (self->address);
  g_free (self);
}

gboolean
dms_locator_wants_address (DmsLocator *self)
{
  return get_text (self, "general.host_address") == NULL &&
         (get_text (self, "general.geoip_city_db") != NULL ||
          get_text (self, "general.geoip_asn_db") != NULL);
}

gboolean
dms_locator_set_address (DmsLocator *self, const char *address)
{
  if (!dms_locator_wants_address (self) || g_strcmp0 (self->address, address) == 0)
    return FALSE;
  g_free (self->address);
  self->address = g_strdup (address);
  return locate (self);
}

char *
dms_locator_dup_public_address (const char *multiaddr)
{
  g_auto (GStrv) parts = g_strsplit (multiaddr, "/", 4);
  gboolean is_ip =
      g_strv_length (parts) >= 3 && (strcmp (parts[1], "ip4") == 0 || strcmp (parts[1], "ip6") == 0);
  g_autoptr (GInetAddress) address = is_ip ? g_inet_address_new_from_string (parts[2]) : NULL;

  if (address == NULL || g_inet_address_get_is_any (address) || g_inet_address_get_is_loopback (address) ||
      g_inet_address_get_is_link_local (address) || g_inet_address_get_is_site_local (address) ||
      g_inet_address_get_is_multicast (address))
    return NULL;
  return g_inet_address_to_string (address);
}

gboolean
dms_locator_follow (DmsLocator *self, DmsTransport *transport)
{
  g_autoptr (GPtrArray) addresses = NULL;
  g_autofree char *found = NULL;

  if (!dms_locator_wants_address (self))
    return FALSE;
  addresses = dms_transport_dup_listen_addresses (transport);
  for (guint i = 0; addresses != NULL && found == NULL && i < addresses->len; i++)
    found = dms_locator_dup_public_address (dms_multiaddr_get_text (addresses->pdata[i]));
  return found != NULL && dms_locator_set_address (self, found);
}

DmsLocation *
dms_locator_get_location (DmsLocator *self)
{
  return self->location;
}

gboolean
dms_locator_find_coordinates (DmsLocation *location, DmsCoordinates *coordinates)
{
  return dms_location_get_coordinates (location, coordinates) ||
         dms_gazetteer_find (DMS_GAZETTEER_FILE,
                             dms_location_get_country (location),
                             dms_location_get_city (location),
                             coordinates);
}
