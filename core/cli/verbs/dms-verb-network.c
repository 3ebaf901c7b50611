/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_network = {
  .path = "network",
  .summary = N_ ("see and test how this node reaches others"),
  .description = N_ ("Shows where the node can be reached, whom it is connected to and by what, and what it "
                     "spends on that; connects to a peer and shows each step, which says why it does not "
                     "work. With --dest it does so on another node that allows it "
                     "(/dms/node/network).\n\n"
                     "Where the node listens and whom it meets first is set by p2p.listen_address and "
                     "p2p.bootstrap_peers."),
  .examples = "  # what to give to somebody who wants to reach this node\n"
              "  nunet network addresses\n"
              "  # why does it not connect?\n"
              "  nunet network dial /ip4/192.0.2.1/tcp/9000/p2p/12D3KooW…\n",
};
