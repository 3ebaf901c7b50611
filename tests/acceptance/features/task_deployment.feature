# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: task deployment
  A task runs to its end and the deployment with it.

  Background:
    Given these nodes:
      | name    | role         |
      | Alice   | orchestrator |
      | Bob     | provider     |
      | Charlie | provider     |
    And they are members of the organisation "nunet"

  Scenario Outline: Task on any peer
    Given jobs run in a <executor>
    And a job with these allocations:
      | node | name | runs              |
      | here | main | echo I am at work |
    And the job waits to be let go
    When Alice deploys it
    Then the deployment becomes Running
    And it runs on one of Bob, Charlie
    And the providers hold exactly what it asked for
    When the job is let go
    Then the deployment becomes Completed
    And the output of "here.main" is "I am at work"
    And nothing of it is left

    @quick
    Examples: in a sandbox
      | executor |
      | process  |

    @engine
    Examples: in a container
      | executor |
      | docker   |

  Scenario Outline: Task on a chosen peer
    Given jobs run in a <executor>
    And a job with these allocations:
      | node  | name | peer   | runs              |
      | there | main | <peer> | echo I am at work |
    And the job waits to be let go
    When Alice deploys it
    Then the deployment becomes Running
    And it runs on <peer>
    And the providers hold exactly what it asked for
    When the job is let go
    Then the deployment becomes Completed
    And the output of "there.main" is "I am at work"
    And nothing of it is left

    @quick
    Examples: in a sandbox
      | executor | peer    |
      | process  | Charlie |

    Examples: also in a sandbox
      | executor | peer |
      | process  | Bob  |

    @engine
    Examples: in a container
      | executor | peer |
      | docker   | Bob  |

  Scenario Outline: Several tasks on the same peer
    Given jobs run in a <executor>
    And a job with these allocations:
      | node  | name   | peer | runs        |
      | there | first  | Bob  | echo first  |
      | there | second | Bob  | echo second |
      | there | third  | Bob  | echo third  |
    And the job waits to be let go
    When Alice deploys it
    Then the deployment becomes Running
    And it runs on Bob
    And the providers hold exactly what it asked for
    When the job is let go
    Then the deployment becomes Completed
    And the output of "there.first" is "first"
    And the output of "there.second" is "second"
    And the output of "there.third" is "third"
    And nothing of it is left

    Examples: in a sandbox
      | executor |
      | process  |

    @engine
    Examples: in a container
      | executor |
      | docker   |

  Scenario Outline: Several tasks on different peers
    Given jobs run in a <executor>
    And a job with these allocations:
      | node | name   | peer    | runs        |
      | one  | first  | Bob     | echo first  |
      | two  | second | Charlie | echo second |
    And the job waits to be let go
    When Alice deploys it
    Then the deployment becomes Running
    And its node "one" runs on Bob
    And its node "two" runs on Charlie
    And the providers hold exactly what it asked for
    When the job is let go
    Then the deployment becomes Completed
    And the output of "one.first" is "first"
    And the output of "two.second" is "second"
    And nothing of it is left

    @quick
    Examples: in a sandbox
      | executor |
      | process  |

    @engine
    Examples: in a container
      | executor |
      | docker   |
