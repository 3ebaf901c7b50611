/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The kinds of fields of Protocol Buffers (protobuf.dev, Encoding). Groups are refused. */
typedef enum
{
  DMS_P2P_PROTO_VARINT = 0,
  DMS_P2P_PROTO_FIXED64 = 1,
  DMS_P2P_PROTO_BYTES = 2,
  DMS_P2P_PROTO_FIXED32 = 5,
} DmsP2pProtoKind;

/**
 * DmsP2pProtoReader:
 * @field: the number of the current field
 * @kind: what it holds
 * @number: its value, when it is not bytes
 * @data: its bytes, borrowed
 * @size: how many
 *
 * Goes through the fields of one message where they stand, without allocating anything. On the stack, made
 * with dms_p2p_proto_reader_init().
 */
typedef struct
{
  guint32 field;
  DmsP2pProtoKind kind;
  guint64 number;
  const guint8 *data;
  gsize size;

  /*< private >*/
  const guint8 *next;
  const guint8 *end;
  gboolean failed;
} DmsP2pProtoReader;

void dms_p2p_proto_reader_init (DmsP2pProtoReader *self, const void *data, gsize size);

/* FALSE at the end and when the rest is malformed: ask has_failed() then. */
gboolean dms_p2p_proto_reader_next (DmsP2pProtoReader *self);
gboolean dms_p2p_proto_reader_has_failed (const DmsP2pProtoReader *self);

gboolean dms_p2p_proto_reader_is (const DmsP2pProtoReader *self, guint32 field, DmsP2pProtoKind kind);

/* The current field's bytes as text: NULL unless they are UTF-8 without NUL, at most @max_size long. */
char *dms_p2p_proto_reader_dup_text (const DmsP2pProtoReader *self, gsize max_size);
GBytes *dms_p2p_proto_reader_dup_bytes (const DmsP2pProtoReader *self);

G_END_DECLS
