/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the value of a protocol is. */
typedef enum
{
  DMS_MULTIADDR_VALUE_NONE,
  DMS_MULTIADDR_VALUE_IP4,
  DMS_MULTIADDR_VALUE_IP6,
  DMS_MULTIADDR_VALUE_PORT,
  DMS_MULTIADDR_VALUE_BYTE,
  /* A number of 64 bits in bytes; in text, any name, for addresses that never leave the process. */
  DMS_MULTIADDR_VALUE_MEMORY,
  DMS_MULTIADDR_VALUE_NAME,
  DMS_MULTIADDR_VALUE_ONION3,
  DMS_MULTIADDR_VALUE_CERTHASH,
  DMS_MULTIADDR_VALUE_HTTP_PATH,
  DMS_MULTIADDR_VALUE_PEER,
  /* Takes all of the text that follows. */
  DMS_MULTIADDR_VALUE_PATH,
} DmsMultiaddrValue;

/* A protocol of multiaddrs (multiformats/multiaddr, protocols.csv). */
typedef struct
{
  const char *name;
  guint code;
  DmsMultiaddrValue value;
} DmsMultiaddrProtocol;

/* @length: of the name, behind which more may come. */
const DmsMultiaddrProtocol *dms_multiaddr_protocol_find (const char *name, gsize length);
const DmsMultiaddrProtocol *dms_multiaddr_protocol_find_code (guint64 code);

/* The one text of a value that is written; NULL when @text is not a value of the protocol. A path comes with
 * all its slashes but the first. */
char *dms_multiaddr_protocol_dup_canonical (const DmsMultiaddrProtocol *self, const char *text);

/* Appends the code and the value in bytes. FALSE when the value has no such form: a name of `memory`. */
gboolean dms_multiaddr_protocol_write (const DmsMultiaddrProtocol *self, const char *text, GByteArray *out);

/* Takes one protocol and its value off the front of bytes. NULL when they are malformed; *value is NULL for a
 * protocol without one. */
const DmsMultiaddrProtocol *dms_multiaddr_protocol_take (const guint8 **data, gsize *size, char **value);

G_END_DECLS
