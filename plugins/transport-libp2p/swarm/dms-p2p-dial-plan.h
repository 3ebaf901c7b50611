/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* An address, and how long after the first one it is tried. */
typedef struct
{
  DmsMultiaddr *address;
  guint delay_ms;
} DmsP2pDialStep;

/* In which order addresses are tried, and how far apart: happy eyeballs (RFC 8305, sections 4 and 5), as
 * go-libp2p has it for QUIC and TCP. DmsP2pDialStep, the first one first; @addresses begin with an IP or are
 * of no network. */
GArray *dms_p2p_dial_plan_new (GPtrArray *addresses);

G_END_DECLS
