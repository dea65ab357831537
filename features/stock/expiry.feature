Feature: Reservations end by themselves
  Whoever forgets a cart must not keep others from buying.

  Scenario: Time runs out
    Given a product "watch" at 250.00 EUR with stock 1
    And "watch" is pessimistic, and held for 1 second
    And ann has 1 "watch" in her cart
    When 3 seconds pass
    Then the stock of "watch" is 1 on hand, 0 reserved, 0 allocated, 1 available
    When bob puts 1 "watch" into his cart
    Then the stock of "watch" is 1 on hand, 1 reserved, 0 allocated, 0 available

  Scenario: Late, but nobody else wanted it
    Given a product "watch" at 250.00 EUR with stock 1
    And "watch" is pessimistic, and held for 1 second
    And ann has 1 "watch" in her cart
    When 3 seconds pass
    And ann checks out
    Then ann's order is placed

  Scenario: Late, and somebody else has it
    Given a product "watch" at 250.00 EUR with stock 1
    And "watch" is pessimistic, and held for 1 second
    And ann has 1 "watch" in her cart
    When 3 seconds pass
    And bob puts 1 "watch" into his cart
    And bob checks out
    Then bob's order is placed
    When ann checks out
    Then ann is told out_of_stock
    And nobody without an order was charged
