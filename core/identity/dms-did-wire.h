/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "common/dms-wire-reader.h"
#include "common/dms-wire-writer.h"

G_BEGIN_DECLS

/* A DID inside a message: {"uri":"..."}, or {} for the empty one. Never NULL, also after an error. */
DmsDid *dms_did_wire_read (DmsWireReader *reader);
void dms_did_wire_write (DmsDid *did, DmsWireWriter *writer, const char *name);

G_END_DECLS
