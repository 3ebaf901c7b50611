/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A place in borrowed bytes of OpenPGP. What cannot be read leaves it as it was. */
typedef struct
{
  const guint8 *data;
  gsize left;
} DmsOpenpgpReader;

/* Each answers whether it is there. Numbers are big-endian. */
gboolean dms_openpgp_reader_take (DmsOpenpgpReader *self, gsize size, const guint8 **data);
gboolean dms_openpgp_reader_take_uint8 (DmsOpenpgpReader *self, guint8 *number);
gboolean dms_openpgp_reader_take_uint16 (DmsOpenpgpReader *self, guint16 *number);
/* A packet with a definite length (RFC 4880 section 4.2), in either form of header. */
gboolean dms_openpgp_reader_take_packet (DmsOpenpgpReader *self, guint8 *tag, DmsOpenpgpReader *body);
/* A subpacket (RFC 4880 section 5.2.3.1); @type with its critical bit. */
gboolean dms_openpgp_reader_take_subpacket (DmsOpenpgpReader *self, guint8 *type, DmsOpenpgpReader *body);
/* A multiprecision integer (section 3.2) whose length is as short as it can be, right-aligned in @bytes. */
gboolean dms_openpgp_reader_take_mpi (DmsOpenpgpReader *self, guint8 *bytes, gsize size);

G_END_DECLS
