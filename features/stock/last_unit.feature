@buying
Feature: The last unit is sold once
  Whatever shoppers do at the same time, nothing is sold that is not there.

  Scenario: Two shoppers, one last shirt
    Given a product "shirt" at 19.90 EUR with stock 1
    And ann and bob each have 1 "shirt" in their cart
    When ann and bob check out at once
    Then one is placed and the other is told out_of_stock
    And the stock of "shirt" is 1 on hand, 0 reserved, 1 allocated, 0 available
    And nobody without an order was charged

  Scenario: Twenty shoppers, five shirts
    Given a product "shirt" at 19.90 EUR with stock 5
    And 20 shoppers each have 1 "shirt" in their cart
    When all of them check out at once
    Then 5 are placed and 15 are told out_of_stock
    And the stock of "shirt" is 5 on hand, 0 reserved, 5 allocated, 0 available
    And nobody without an order was charged

  Scenario: All of a cart or nothing of it
    Given a product "shirt" at 19.90 EUR with stock 5
    And a product "cap" at 9.90 EUR with stock 2
    And ann has 2 "shirt" in her cart
    And ann has 2 "cap" in her cart
    When the merchant adjusts "cap" by -1 because of "damage"
    And ann checks out
    Then ann is told out_of_stock with 1 available
    And the stock of "shirt" is 5 on hand, 0 reserved, 0 allocated, 5 available
    And the stock of "cap" is 1 on hand, 0 reserved, 0 allocated, 1 available

  Scenario: A double click buys once
    Given a product "shirt" at 19.90 EUR with stock 5
    And ann has 1 "shirt" in her cart
    When ann checks out twice at once with the same key
    Then ann has 1 order
    And the stock of "shirt" is 5 on hand, 0 reserved, 1 allocated, 4 available

  Scenario: A declined card gives the units back
    Given a product "shirt" at 19.90 EUR with stock 1
    And ann has 1 "shirt" in her cart
    When ann checks out with a card that is declined
    Then ann is told payment_declined
    And the stock of "shirt" is 1 on hand, 0 reserved, 0 allocated, 1 available
